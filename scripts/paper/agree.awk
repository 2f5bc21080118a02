# Whether a ratio agrees with what the paper says of it, for the awk scripts beside this one.
BEGIN {
	band = 0.2 # of the change said
	whole = 0.98
}

# The change said, a fifth less and a fifth more, as ratios.
function short_of(said) { return 1 + (said - 1) * (1 - band) }
function beyond(said) { return 1 + (said - 1) * (1 + band) }

# Whether the interval [lo, hi] of a ratio agrees with the relation of a claim (claims.awk).
function agrees(relation, said, lo, hi)
{
	if (relation == "more")
		return lo > 1
	if (relation == "less")
		return hi < 1
	if (relation == "whole")
		return hi >= whole
	return said > 1 ? hi >= short_of(said) && lo <= beyond(said) : hi >= beyond(said) && lo <= short_of(said)
}
