# Print the header that plug-in policies are built against as a table in C: lines of comments that
# stand by themselves as "T...", of a list within one as "L...", and code as "C...".
# usage: awk -f policy_page.awk offing/policy.h
function put(kind, text) {
	gsub(/\\/, "&&", text)
	gsub(/"/, "\\\"", text)
	gsub(/\t/, "\\t", text)
	print "\t\"" kind text "\","
}

function end_block() {
	if (in_block)
		put("B", "")
	in_block = 0
}

BEGIN {
	print "#include \"cli/policy_page.h\""
	print "#include <stddef.h>"
	print "const char *const policy_page[] = {"
}

# What keeps the header from being read twice, and what it includes.
/^#(ifndef|endif|include)/ || /^#define OFFING_[A-Z_]*_H$/ { next }

/^\/\*\*/ { end_block(); in_text = 1; sub(/^\/\*\* ?/, "") }
in_text {
	last = sub(/ ?\*\/$/, "")
	sub(/^ \* ?/, "")
	if ($0 ~ /^ +[a-z_]+:/)
		put("L", substr($0, match($0, /[^ ]/)))
	else if ($0 != "" || !last)
		put("T", $0)
	if (last)
		in_text = 0
	next
}
/^$/ { end_block(); next }
{ in_block = 1; put("C", $0) }

END {
	end_block()
	print "\tNULL,"
	print "};"
}
