-- The shapes of every published version; a shape without a version was left by a kill and rates nothing.
SELECT shape_id, any(rules) AS rules
FROM rating_shapes
WHERE shape_id IN (SELECT shape_id FROM rate_card_versions)
GROUP BY shape_id
ORDER BY shape_id
