$offing plan support/plan.yaml --instance remote -s instances.remote.draft.ahead=true
