$offing plan support/plan.yaml --instance gpuu
