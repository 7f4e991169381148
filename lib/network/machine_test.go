package network

import (
	"strings"
	"testing"
)

// What the store of Nix 2.8 was seen to take and to refuse, but for a dot in front,
// which other versions refuse.
func TestCheckMachine(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]bool{
		"test1": true, "a?=+_.-b": true, "-a": true, "A": true, strings.Repeat("a", 207): true,
		"": false, "a b": false, ".a": false, "m/1": false, "ü": false, "a\n": false, "a.drv": false, strings.Repeat("a", 208): false,
	} {
		if err := CheckMachine(name); (err == nil) != takes {
			t.Errorf("%q: %v, and the store takes it: %v", name, err, takes)
		}
	}
}

func TestCheckProperties(t *testing.T) {
	t.Parallel()
	for value, wrong := range map[string]bool{"timeout=5": false, "timeout=": true, "timeout=5s": true, "runlevel=3": false, "runlevel=33": true, "systemdUserServices=": false, "enableAtBoot=yes": true, "anything=yes": false} {
		name, text, _ := strings.Cut(value, "=")
		if err := CheckProperties("m", map[string]string{name: text}); (err != nil) != wrong {
			t.Errorf("%s: %v", value, err)
		}
	}
}
