SELECT max(activation_id) + 1 FROM rate_card_activations
