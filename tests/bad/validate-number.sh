exec "$offing" validate --precision fine
