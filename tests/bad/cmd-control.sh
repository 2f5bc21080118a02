$offing "$(printf 'a\033[31m\007')"
