(yes "%TAG ! tag:example.org,2000:" | head -30000; echo "--- a") | $offing check -
