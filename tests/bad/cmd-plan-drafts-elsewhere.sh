$offing plan support/plan.yaml --instance remote
