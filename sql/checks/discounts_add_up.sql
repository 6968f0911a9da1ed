-- A discount's shares of the usage lines add up to it, and no line has more taken off than it has.
SELECT period_id, discount, product, shares, amount
FROM
(
    SELECT period_id, charge_id AS discount, '' AS product, share.amount AS shares, -charge.amount AS amount
    FROM (SELECT period_id, charge_id, amount FROM period_charges WHERE kind = 'discount') AS charge
    LEFT JOIN (SELECT period_id, discount, sum(amount) AS amount FROM discount_shares GROUP BY period_id, discount) AS share
        ON share.period_id = charge.period_id AND share.discount = charge.charge_id
    WHERE share.amount != -charge.amount
    UNION ALL
    SELECT share.period_id AS period_id, '' AS discount, share.product AS product, share.amount AS shares, line.amount AS amount
    FROM (SELECT period_id, product, rate_card_version, sum(amount) AS amount FROM discount_shares GROUP BY period_id, product, rate_card_version) AS share
    INNER JOIN (SELECT period_id, product, rate_card_version, amount FROM invoice_lines) AS line
        ON line.period_id = share.period_id AND line.product = share.product AND line.rate_card_version = share.rate_card_version
    WHERE abs(share.amount) > abs(line.amount) OR (share.amount < 0) != (line.amount < 0)
)
LIMIT 100
