-- The products and dimensions of all published versions.
SELECT
    arraySort(groupUniqArray(product)) AS products,
    arraySort(groupUniqArrayArray(arrayConcat(dimension_names, show_names))) AS dimensions
FROM rate_card_products
