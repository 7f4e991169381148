package network

import (
	"slices"
	"testing"
)

// Reasons are found in whatever is printed on the way, in their order.
func TestLacks(t *testing.T) {
	t.Parallel()
	printed := "Welcome to m1\r\n"
	want := []string{"supervisord can't be used: it \"is not\" there\nat all", "no systemd"}
	for _, why := range want {
		text, err := WriteLack(why)
		if err != nil {
			t.Fatal(err)
		}
		printed += text + answerMark + "[]\n" + lackMark + "{\n"
	}
	if got := ReadLacks(printed); !slices.Equal(got, want) {
		t.Errorf("%q is read as %q", printed, got)
	}
	if got := ReadLacks("nothing\n"); got != nil {
		t.Errorf("nothing is read as %q", got)
	}
}
