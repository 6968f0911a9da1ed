-- What the meters of a card counted in every version that was ever activated, once each; of versions published before
-- that was kept, the document.
SELECT meters, if(meters = '', document, '') AS text, min(version) AS version
FROM rate_card_versions
WHERE rate_card = {rate_card:String}
    AND version_id IN (SELECT version_id FROM rate_card_activations WHERE rate_card = {rate_card:String})
GROUP BY meters, text
ORDER BY version
