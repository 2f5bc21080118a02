# A PNG of a mask that offing-das drew, with axes in tokens and a legend:
#	gnuplot -e "ppm='mask.ppm'; png='mask.png'" kernels-ref/das/mask.gp
head(line) = system("head -n " . line . " '" . ppm . "' | tail -n 1 | tr -d '#'")
tok = real(word(head(2), 1))
w = int(word(head(3), 1))
h = int(word(head(3), 2))
set terminal pngcairo size 900,980 enhanced font "sans,12"
set output png
set size ratio real(h) / w
set xlabel "key token"
set ylabel "query token"
set xrange [0:w * tok]
set yrange [h * tok:0]
set tics out nomirror
set key outside bottom center horizontal maxcols 3 samplen 1 width 2
set style fill solid border rgb "black"
plot ppm binary array=(w,h) skip=43 format="%uchar" dx=tok dy=tok using 1:2:3 with rgbimage \
	notitle, \
	NaN with boxes lc rgb "#0072B2" title "selected from the map", \
	NaN with boxes lc rgb "#E69F00" title "fixed: low self-similarity", \
	NaN with boxes lc rgb "#009E73" title "diagonal, or short", \
	NaN with boxes lc rgb "#DEDEDE" title "skipped", \
	NaN with boxes lc rgb "#001724" title "darker: V skipped (stage 2)"
