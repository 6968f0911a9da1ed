DESCRIBE TABLE rated_usage
