# Lines KEY,VALUE, those of a key together, to KEY,MEAN,LOW,HIGH,N: the 95 % interval of Student's t.
# Its quantile is found on Hill's series, "Algorithm 396", CACM 13 (1970), exact to 1e-4 from two
# degrees of freedom on.
function t975(d,   z, z2, a, b)
{
	if (d == 1)
		return 12.7062047
	if (d == 2)
		return 4.30265273
	z = 1.959963985
	z2 = z * z
	return z * (1 + (z2 + 1) / (4 * d) + (5 * z2 * z2 + 16 * z2 + 3) / (96 * d * d) + \
		(3 * z2 ^ 3 + 19 * z2 * z2 + 17 * z2 - 15) / (384 * d ^ 3) + \
		(79 * z2 ^ 4 + 776 * z2 ^ 3 + 1482 * z2 * z2 - 1920 * z2 - 945) / (92160 * d ^ 4))
}

function flush_key(   mean, var, half)
{
	if (n == 0)
		return
	mean = sum / n
	var = 0
	for (i = 1; i <= n; i++)
		var += (x[i] - mean) ^ 2
	half = n > 1 ? t975(n - 1) * sqrt(var / (n - 1) / n) : 0
	printf "%s,%.10g,%.10g,%.10g,%d\n", key, mean, mean - half, mean + half, n
}

$1 != key || NR == 1 {
	flush_key()
	key = $1
	n = sum = 0
}

{
	x[++n] = $2
	sum += $2
}

END { flush_key() }
