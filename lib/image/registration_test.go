package image

import (
	"path/filepath"
	"testing"
)

// A registration is what nix-store --load-db reads; the plan itself is in no image.
func TestWriteRegistration(t *testing.T) {
	out := filepath.Join(t.TempDir(), "registration")
	err := WriteRegistration("/s/0-plan", []StorePath{
		{Path: "/s/1-a", NarHash: "sha256:1", NarSize: 7, References: []string{"/s/1-a", "/s/2-b"}},
		{Path: "/s/0-plan", NarHash: "sha256:0", NarSize: 1, References: []string{"/s/1-a"}},
		{Path: "/s/2-b", NarHash: "sha256:2", NarSize: 8},
	}, out)
	if err != nil {
		t.Fatal(err)
	}
	const want = "/s/1-a\nsha256:1\n7\n\n2\n/s/1-a\n/s/2-b\n" + "/s/2-b\nsha256:2\n8\n\n0\n"
	if got := string(read(t, out)); got != want {
		t.Errorf("the registration is\n%s, want\n%s", got, want)
	}
}

// What the plan refers to is kept from the garbage collector; what is declared stays.
func TestDatabase(t *testing.T) {
	var p Plan
	p.Links = map[string]string{"/link": "target"}
	p.addDatabase("/s/3-database", "/s/0-plan", []StorePath{
		{Path: "/s/0-plan", References: []string{"/s/1-a"}},
		{Path: "/s/1-a", References: []string{"/s/2-b"}},
	})
	if p.Files["/nix/var/nix/db/db.sqlite"].Source != "/s/3-database/db.sqlite" {
		t.Errorf("the files are %v", p.Files)
	}
	if len(p.Links) != 2 || p.Links["/link"] != "target" || p.Links["/nix/var/nix/gcroots/image/1-a"] != "/s/1-a" {
		t.Errorf("the links are %v", p.Links)
	}
}
