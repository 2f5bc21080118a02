$offing check support/good.yaml -s $(yes a. | head -100 | tr -d "\n")a=1
