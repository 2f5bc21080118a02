$offing check /dev/null
