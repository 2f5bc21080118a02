# What the pages of the paper's tables and figures share: models, data sets, systems and runtimes in the order
# in which they stand there, and how they are called. A page that calls them otherwise says so behind it.
BEGIN {
	split("llama2-7b llama2-13b", models, " ")
	split("humaneval ceval summeval wikitext-2", datasets, " ")
	split("edge-only cloud-only edge-cloud", systems, " ")
	split("fused llmint8 paper", runtimes, " ")
	title["llama2-7b"] = "Llama 2 7B"
	title["llama2-13b"] = "Llama 2 13B"
	title["humaneval"] = "HumanEval"
	title["ceval"] = "C-Eval"
	title["summeval"] = "SummEval"
	title["wikitext-2"] = "WikiText-2"
	title["edge-only"] = "edge only"
	title["cloud-only"] = "cloud only"
	title["edge-cloud"] = "edge + cloud"
}

# A mean and the half-width of its interval, to as many digits as that is worth, at most @most behind the point.
function plus_minus(mean, half, most, d)
{
	d = half >= 10 ? 0 : half >= 1 ? 1 : half >= 0.1 ? 2 : most
	return sprintf("%.*f ± %.*f", d, mean, d, half)
}
