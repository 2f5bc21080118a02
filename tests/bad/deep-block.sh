i=0; while [ $i -lt 100 ]; do printf "%*sa:\n" $i ""; i=$((i + 1)); done | $offing check -
