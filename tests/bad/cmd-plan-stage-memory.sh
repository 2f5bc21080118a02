$offing plan support/plan.yaml --instance two --batch 400 --prompt 300 --output 300
