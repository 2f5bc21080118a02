# shellcheck shell=sh disable=SC2154
# What the scripts of pictures share; they source it after lib.sh. It wants $here, $out and $tmp.

# draw NAME WIDTH HEIGHT: OUT/NAME.csv as OUT/NAME.svg, .png and .pdf, by OUT/NAME.gp, which is
# scripts/plot/NAME.gp behind the style that all pictures have.
draw()
{
	{
		echo "# Run by gnuplot where $1.csv is; out='$1.png' or '$1.pdf' for other forms:"
		echo "#	gnuplot -e \"out='$1.png'\" $1.gp"
		echo "if (!exists('out')) { out = '$1.svg' }"
		echo "name = '$1'; width = $2; height = $3"
		grep -v '^#' "$here/../../io/report/style.gp"
		cat "$here/../plot/$1.gp"
	} >"$out/$1.gp"
	# C.UTF-8: numbers as in C, letters as the style says
	for form in svg png pdf; do
		if ! (cd "$out" && LC_ALL=C.UTF-8 gnuplot -e "out='$1.$form'" "$1.gp" && [ -s "$1.$form" ]) \
			2>"$tmp/said"; then
			cat "$tmp/said" >&2
			exit 1
		fi
	done
	# cairo writes when it was drawn: two pictures of the same data are the same
	LC_ALL=C sed -i 's/^\(.*\/CreationDate (D:\)[0-9]*/\120000101000000/' "$out/$1.pdf"
}
