package render

import (
	"maps"
	"slices"
	"testing"
)

func TestShareRunlevels(t *testing.T) {
	t.Parallel()
	link := File{Link: "../init.d/a"}
	files := Tree{
		"etc/rc.d/init.d/a":       {Content: []byte("script"), Executable: true},
		"etc/rc.d/rc0.d/K99a":     link,
		"etc/rc.d/rc2.d/K99a":     link,
		"etc/rc.d/rc3.d/S00a":     link,
		"etc/rc.d/rc4.d/S00a":     {Link: "../init.d/b"}, // another target
		"etc/rc.d/rc5.d/S00a":     link,
		"etc/rc.d/rc5.d/S00extra": link, // one more
		"etc/rc.d/rc6.d/K98a":     link, // another name
	}
	want := maps.Clone(files)
	delete(want, "etc/rc.d/rc2.d/K99a")
	want["etc/rc.d/rc2.d"] = File{Link: "rc0.d"}

	shareRunlevels(files)
	if got, want := slices.Sorted(maps.Keys(files)), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	if got := files["etc/rc.d/rc2.d"].Link; got != "rc0.d" {
		t.Errorf("rc2.d leads to %q", got)
	}
}
