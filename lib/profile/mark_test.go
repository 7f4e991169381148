package profile

import (
	"os"
	"slices"
	"testing"
)

func TestMark(t *testing.T) {
	t.Parallel()
	p := Profile{Dir: t.TempDir(), Name: "default"}
	make := func(n int, current bool) {
		t.Helper()
		if err := p.Create(n, "/store/x"); err != nil {
			t.Fatal(err)
		}
		if current {
			if err := p.Switch(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(current int, numbers ...int) {
		t.Helper()
		list, err := p.Generations()
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, g := range list {
			got = append(got, g.Number)
		}
		if now, _ := p.target(); !slices.Equal(got, numbers) || now != current {
			t.Errorf("at %d of %v, want %d of %v", now, got, current, numbers)
		}
	}
	none, err := p.Mark()
	if err != nil {
		t.Fatal(err)
	}
	make(1, true)
	if err := none.Restore(); err != nil {
		t.Fatal(err)
	}
	check(0)
	if _, err := os.Lstat(p.Path()); !os.IsNotExist(err) {
		t.Errorf("the profile is still there: %v", err)
	}

	make(1, true)
	make(2, false)
	mark, err := p.Mark()
	if err != nil {
		t.Fatal(err)
	}
	make(3, true)
	make(4, false)
	if err := mark.Tidy(); err != nil {
		t.Fatal(err)
	}
	check(3, 1, 2, 3)
	if err := mark.Restore(); err != nil {
		t.Fatal(err)
	}
	check(1, 1, 2)
}

func TestCoordinator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state, user, dir string
		own              bool
	}{
		{"", "", "/nix/var/nix/profiles/per-user/me/disnix-coordinator", true},
		{"", "/nix/var/nix/profiles/per-user/me", "/nix/var/nix/profiles/per-user/me/disnix-coordinator", true},
		{"/s", "", "/s/profiles/per-user/me/disnix-coordinator", false},
		{"/s", "/a b", "/a b/disnix-coordinator", false},
	} {
		env := map[string]string{"NIX_STATE_DIR": c.state, "NIX_USER_PROFILE_DIR": c.user}
		p, own, err := Coordinator("default", "me", func(name string) string { return env[name] })
		if err != nil || p.Dir != c.dir || p.Name != "default" || own != c.own {
			t.Errorf("%v: %+v, %v, %v", env, p, own, err)
		}
	}
	if _, _, err := Coordinator("a/b", "me", func(string) string { return "" }); err == nil {
		t.Error("a name with a slash is taken")
	}
}
