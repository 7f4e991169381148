package statedir

import "testing"

func TestDefaults(t *testing.T) {
	t.Parallel()
	below := func(state, runtime, tmp string) Dirs {
		return Dirs{state, runtime, state + "/log", tmp, state + "/cache", state + "/spool", state + "/lock", state + "/lib"}
	}
	all := Dirs{"/s", "/r", "/l", "/t", "/c", "/sp", "/lo", "/li"}
	for _, test := range []struct {
		asked                      Dirs
		expression, linux, freebsd Dirs
	}{
		{Dirs{}, below("/var", "/var/run", "/tmp"), below("/var", "/run", "/tmp"), below("/var", "/var/run", "/tmp")},
		{Dirs{State: "/var/"}, below("/var", "/var/run", "/tmp"), below("/var", "/run", "/tmp"), below("/var", "/var/run", "/tmp")},
		{Dirs{State: "/a b"}, below("/a b", "/a b/run", "/a b/tmp"), below("/a b", "/a b/run", "/a b/tmp"), below("/a b", "/a b/run", "/a b/tmp")},
		{Dirs{Runtime: "/var/run"}, below("/var", "/var/run", "/tmp"), below("/var", "/var/run", "/tmp"), below("/var", "/var/run", "/tmp")},
		{Dirs{Tmp: "/t"}, below("/var", "/var/run", "/t"), below("/var", "/run", "/t"), below("/var", "/var/run", "/t")},
		{all, all, all, all},
	} {
		if got := test.asked.Expression(); got != test.expression {
			t.Errorf("%+v: got %+v in expressions, want %+v", test.asked, got, test.expression)
		}
		for goos, want := range map[string]Dirs{"linux": test.linux, "windows": test.linux, "freebsd": test.freebsd, "darwin": test.freebsd} {
			got := test.asked.Resolved(goos)
			if got != want {
				t.Errorf("%+v: got %+v on %s, want %+v", test.asked, got, goos, want)
			}
			if again := got.Resolved(goos); again != got {
				t.Errorf("%+v: resolved twice on %s it is %+v", test.asked, goos, again)
			}
		}
	}
}
