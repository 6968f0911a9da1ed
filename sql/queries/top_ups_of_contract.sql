SELECT number, state, decided_at FROM top_ups WHERE customer_id = {customer_id:String} AND contract_id = {contract_id:String}
