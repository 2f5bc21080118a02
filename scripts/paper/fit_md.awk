# The fit of the runtime `paper` as Markdown: awk -f csv.awk -f page.awk -f fit_md.awk fit.csv
BEGIN {
	runtime = "launches"
	split("titan-x rtx-4090", cards, " ")
	split("ec launch.7b launch.13b", constants, " ")
	split("launches bandwidths shared all", forms, " ")
	title["titan-x"] = "TITAN X"
	title["rtx-4090"] = "RTX 4090"
	says["launches"] = "a share of the peak rate; a launch for each model: **the runtime**"
	says["bandwidths"] = "a share of the peak rate; one of the bandwidth for each model, no launch"
	says["shared"] = "shares of peak rate and bandwidth, and a launch, the same of both models"
	says["all"] = "shares of peak rate and bandwidth; a launch for each model"
	what["ec"] = "of the data sheet's rate"
	what["launch.7b"] = "ms a layer, 7B"
	what["launch.13b"] = "ms a layer, 13B"
	tier["titan-x"] = "edge only"
	tier["rtx-4090"] = "cloud only"
}
{
	v[f["form"], f["card"], f["item"], f["of"], f["with"]] = f["value"] + 0
	seen[f["form"]]
}

function get(card, item, of, with) { return v[runtime, card, item, of, with] }

function shown(card, name, x)
{
	x = get(card, "constant", name, "")
	return name == "ec" ? sprintf("%.3f", x) : sprintf("%.3f", 1e3 * x)
}

function correlation(card, a, b)
{
	return get(card, "covariance", a, b) / get(card, "standard_error", a, "") / \
		get(card, "standard_error", b, "")
}

function constants_table(i, k, c)
{
	print "| card | constant | what | value | s. e. | covariance of the logarithms with `ec` | `launch.7b` | `launch.13b` |"
	print "|------|----------|------|------:|------:|------:|------:|------:|"
	for (i = 1; i in cards; i++)
		for (k = 1; k in constants; k++) {
			printf "| %s | `%s` | %s | %s | %.1f %% |", title[cards[i]], constants[k],
				what[constants[k]], shown(cards[i], constants[k]),
				100 * get(cards[i], "standard_error", constants[k], "")
			for (c = 1; c in constants; c++)
				printf " %s |", c <= k ? sprintf("%.2e", get(cards[i], "covariance", constants[k], constants[c])) : ""
			print ""
		}
}

function residual_table(i, m, d, r)
{
	print "| model | system | dataset | printed | fitted | off |"
	print "|-------|--------|---------|--------:|-------:|----:|"
	for (m = 1; m in models; m++)
		for (i = 1; i in cards; i++)
			for (d = 1; d in datasets; d++) {
				r = get(cards[i], "residual", models[m], datasets[d])
				printf "| %s | %s | %s | %.2f | %.2f | %+.1f %% |\n", title[models[m]],
					tier[cards[i]], title[datasets[d]],
					get(cards[i], "printed_ms", models[m], datasets[d]),
					get(cards[i], "foretold_ms", models[m], datasets[d]), 100 * r
				most = (r < 0 ? -r : r) > most ? (r < 0 ? -r : r) : most
				if (r * get(cards[1], "residual", models[1], datasets[d]) > 0)
					alike[d]++
			}
}

function signs(d, n)
{
	for (d in alike)
		n += alike[d] == 4
	return n
}

# The most by which a printed latency is off a product of a row's and a dataset's number: what is
# left of the logarithm without the means of row and column.
function product(i, m, d, y, row, column, all, most, r)
{
	for (i = 1; i in cards; i++)
		for (m = 1; m in models; m++)
			for (d = 1; d in datasets; d++) {
				y = log(get(cards[i], "printed_ms", models[m], datasets[d]))
				row[i, m] += y / 4
				column[d] += y / 4
				all += y / 16
			}
	for (i = 1; i in cards; i++)
		for (m = 1; m in models; m++)
			for (d = 1; d in datasets; d++) {
				y = log(get(cards[i], "printed_ms", models[m], datasets[d]))
				r = y - row[i, m] - column[d] + all
				most = (r < 0 ? -r : r) > most ? (r < 0 ? -r : r) : most
			}
	return most
}

function forms_table(f, i, c)
{
	print "| constants of a card | TITAN X: n | off by | AICc | RTX 4090: n | off by | AICc |"
	print "|---------------------|-----------:|-------:|-----:|------------:|-------:|-----:|"
	for (f = 1; f in forms; f++) {
		printf "| %s |", says[forms[f]]
		for (i = 1; i in cards; i++) {
			c = cards[i]
			printf " %d | %.1f %% | %.1f |", v[forms[f], c, "constants", "", ""],
				100 * v[forms[f], c, "sigma", "", ""], v[forms[f], c, "aicc", "", ""]
		}
		print ""
	}
}

END {
	print "# The runtime `paper`: constants fitted to the paper's own figures\n"
	print "Written by `scripts/paper.sh` from [fit.csv](fit.csv); do not edit. A runtime that is as fast, on"
	print "the paper's two cards, as its edge-only and cloud-only *latencies* say: eight cells a card, least"
	print "squares of the logarithm of ours over the paper's (GSL, Levenberg-Marquardt), each cell the very"
	print "simulation of [table1.md](table1.md). Nothing else of the paper was an input: neither a throughput, nor any"
	print "cell of edge + cloud, nor Table 2. [docs/paper.md](../../docs/paper.md) says why these constants.\n"
	constants_table()
	printf "\nCorrelation of `ec` and `launch.7b`: %.2f and %.2f. What is left (sigma, with %d degrees of freedom a card): %.1f %% and\n",
		correlation(cards[1], "launch.7b", "ec"), correlation(cards[2], "launch.7b", "ec"),
		get(cards[1], "cells", "", "") - get(cards[1], "constants", "", ""),
		100 * get(cards[1], "sigma", "", ""), 100 * get(cards[2], "sigma", "", "")
	printf "%.1f %%; it is the sigma of the profiles.\n\n## Inputs and what is left\n\n", 100 * get(cards[2], "sigma", "", "")
	residual_table()
	print "\n## What the residuals say\n"
	printf "- At most %.1f %% is left. In %d of 4 datasets the sign is the same in all four rows: what is left goes with the\n", 100 * most, signs()
	printf "  dataset, not with the device. One number for each model and system, times one for each dataset, gives all 16\n  printed latencies within %.1f %%.\n", 100 * product()
	x = get(cards[1], "constant", "ec", "")
	printf "- The TITAN X would have to compute prompts at %.0f %% of its peak rate (s. e. %.0f %% of that), where published kernels\n", 100 * x, 100 * get(cards[1], "standard_error", "ec", "")
	printf "  reach 68 %%; the RTX 4090 at %.0f %%, where they reach 65 (profiles of runtime fused).\n", 100 * get(cards[2], "constant", "ec", "")
	printf "- A layer of 13B takes %.2f and %.2f times the launch of one of 7B. Launches do not hang on the width of a\n", \
		get(cards[1], "constant", "launch.13b", "") / get(cards[1], "constant", "launch.7b", ""), \
		get(cards[2], "constant", "launch.13b", "") / get(cards[2], "constant", "launch.7b", "")
	print "  layer (1.36 ms of either model in LLM.int8, docs/models.md), so this constant is what is left over, not"
	print "  an explanation: 13B is 1.93 times the bytes of 7B and takes 2.4 to 2.7 times as long."
	if (!("shared" in seen))
		exit
	print "\n## Other constants\n"
	print "The same cells with other constants; the least AICc (Akaike's criterion, for few cells) is the"
	print "best trade of fit against constants:\n"
	forms_table()
	printf "\n- With constants that both models share, launches come out at 0 and cells are off by %.0f and %.0f %%: no share of bandwidth and no\n", \
		100 * v["shared", cards[1], "sigma", "", ""], 100 * v["shared", cards[2], "sigma", "", ""]
	print "  launch above 0 makes 13B that much slower than 7B."
	printf "- With a bandwidth as well, it is known to a factor of exp(%.0f) and exp(%.0f) only (s. e. of its logarithm): at batch 1 it\n", \
		v["all", cards[1], "standard_error", "eb", ""], v["all", cards[2], "standard_error", "eb", ""]
	print "  cannot be told from a launch. So it stays where published kernels have it (0.83 and 0.96)."
}
