$offing plan support/plan.yaml --instance unasked --prompt 20
