$offing place support/place.yaml --form repaired -s models.chat.model=llama2-70b
