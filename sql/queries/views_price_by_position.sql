SELECT by_position FROM deployed
