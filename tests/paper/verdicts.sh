#!/bin/sh
# Verdicts from made-up cells are those that arithmetic gives: verdicts.sh
set -eu
LC_ALL=C
export LC_ALL
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/scripts/paper
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# Throughput, one on each device, of fused: a 3 +- 0.3 over 2 +- 0.1, b 1.2 +- 0.012 over 1 +- 0.
# a: 1.5 (1 +- sqrt(0.1^2 + 0.05^2)) = 1.5 +- 0.167705; b: 1.2 +- 0.012.
# Latency of runtime paper: an input.
cat >"$tmp/table1.csv" <<'E2'
model,dataset,runtime,quantile,load,system,metric,mean,ci_low,ci_high
m,a,fused,median,one-by-one,edge-cloud,throughput.tok_per_s,3,2.7,3.3
m,a,fused,median,one-by-one,cloud-only,throughput.tok_per_s,2,1.9,2.1
m,a,fused,low,one-by-one,cloud-only,throughput.tok_per_s,1,1,1
m,b,fused,median,one-by-one,edge-cloud,throughput.tok_per_s,1.2,1.188,1.212
m,b,fused,median,one-by-one,cloud-only,throughput.tok_per_s,1,1,1
m,a,paper,median,light,cloud-only,latency.mean_ms_per_token,40,40,40
m,a,paper,median,light,edge-only,latency.mean_ms_per_token,100,100,100
E2
echo 'model,system,dataset,latency_ms_per_token,throughput_tok_per_s' >"$tmp/table1_published.csv"
echo 'm,edge-cloud,a,50,30' >>"$tmp/table1_published.csv"
echo 'm,cloud-only,a,40,12' >>"$tmp/table1_published.csv"
# 2 +- 0.02 over 1.6, and twice that over it
cat >"$tmp/table2.csv" <<'E2'
runtime,load,attention,decoding,policy,metric,mean,ci_low,ci_high
fused,one-by-one,das,planned,k-p-fcfs,throughput.tok_per_s,8,7.92,8.08
fused,one-by-one,das,autoregressive,k-p-fcfs,throughput.tok_per_s,4,4,4
fused,one-by-one,das,planned,random,throughput.tok_per_s,3.2,3.2,3.2
fused,one-by-one,das,autoregressive,random,throughput.tok_per_s,2,2,2
E2
echo 'attention,decoding,policy,latency_ms_per_token,throughput_tok_per_s' >"$tmp/table2_published.csv"
echo 'model,runtime,load,rate_mbps,system,metric,mean,ci_low,ci_high' >"$tmp/fig2.csv"
cat >"$tmp/stability.csv" <<'E2'
scenario,policy,of_bound,of_bound_low,of_bound_high
one-class,k-p-fcfs,0.99,0.98,1
window,window-8,0.9,0.89,0.91
E2

# judge ID 'LEFT,RIGHT,"OVER",SAID,RELATION' ARTEFACT,METRIC RUNTIME,LOAD WANTED...: columns kind,cells,
# value to 4 digits, at, verdict
judge()
{
	{
		echo 'id,section,sentence,artefact,metric,left,right,over,said,relation,why,short'
		echo "$1,0,\"one, two \"\"three\"\"\",$3,$2,\"why, then\","
	} >"$tmp/claims.csv"
	awk -f "$here/csv.awk" -f "$here/agree.awk" -f "$here/claims.awk" "$tmp/claims.csv" "$tmp/table1_published.csv" \
		"$tmp/table2_published.csv" "$tmp/table1.csv" "$tmp/table2.csv" "$tmp/fig2.csv" \
		"$tmp/stability.csv" >"$tmp/verdicts.csv"
	got=$(awk -F, -v want="$1,$4," 'index($0, want) == 1 {
		printf "%s %s %s %s %s\n", $4, $5, $6 == "" ? "-" : sprintf("%.4f %.4f %.4f", $6, $7, $8), \
			$9 == "" ? "-" : $9, $10 }' "$tmp/verdicts.csv")
	[ "$got" = "$5" ] || {
		echo "$1: $got, not $5"
		failed=1
	}
}

hybrid='system=edge-cloud,system=cloud-only'
# 1.2 is the worst of "more", and above 1
judge more "$hybrid,\"model=*,dataset=*\",,more" table1,throughput fused,one-by-one \
	'prediction 2 1.2000 1.1880 1.2120 model=m dataset=b yes'
judge less "$hybrid,\"model=*,dataset=*\",,less" table1,throughput fused,one-by-one \
	'prediction 2 1.5000 1.3323 1.6677 model=m dataset=a no'
# 1.45 allows 1.36 to 1.54, 2.2 not below 1.96, 0.5 not above 0.6
judge near "$hybrid,\"model=m,dataset=a\",1.45,as said" table1,throughput fused,one-by-one \
	'prediction 1 1.5000 1.3323 1.6677 model=m dataset=a yes'
judge far "$hybrid,\"model=m,dataset=a\",2.2,as said" table1,throughput fused,one-by-one \
	'prediction 1 1.5000 1.3323 1.6677 model=m dataset=a no'
judge other "$hybrid,\"model=m,dataset=a\",0.5,as said" table1,throughput fused,one-by-one \
	'prediction 1 1.5000 1.3323 1.6677 model=m dataset=a no'
# b is 1.2: outside of 1.36
judge both "$hybrid,\"model=*,dataset=*\",1.45,as said" table1,throughput fused,one-by-one \
	'prediction 2 1.2000 1.1880 1.2120 model=m dataset=b no'
judge most "$hybrid,\"model=*,dataset=*\",1.45,most" table1,throughput fused,one-by-one \
	'prediction 2 1.5000 1.3323 1.6677 model=m dataset=a yes'
# what the paper has: 30 over 12
judge printed "$hybrid,\"model=*,dataset=*\",1.45,most" table1,throughput printed,- \
	'input 2 2.5000 2.5000 2.5000 - -'
judge missing "$hybrid,\"model=*,dataset=*\",,more" table1,throughput llmint8,saturated \
	'prediction 0 - - cannot be tested'
judge input 'system=cloud-only,system=edge-only,"model=m,dataset=a",,less' table1,latency paper,light \
	'input 1 0.4000 0.4000 0.4000 model=m dataset=a yes'
# (8 / 4) / (3.2 / 2) = 1.25 (1 +- 0.01)
judge quotient '"decoding=planned,policy=k-p-fcfs/decoding=autoregressive,policy=k-p-fcfs","decoding=planned,policy=random/decoding=autoregressive,policy=random",attention=das,,more' \
	table2,throughput fused,one-by-one 'prediction 1 1.2500 1.2375 1.2625 attention=das yes'
judge whole ',,scenario=one-class,1,whole' stability,of_bound -,- \
	'prediction 1 0.9900 0.9800 1.0000 scenario=one-class policy=k-p-fcfs yes'
judge part ',,scenario=*,1,whole' stability,of_bound -,- \
	'prediction 2 0.9000 0.8900 0.9100 scenario=window policy=window-8 no'
judge none ',,,,none' table1,cost -,- '- 0 - - cannot be tested'
exit $failed
