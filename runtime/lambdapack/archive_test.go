package lambdapack

import (
	"strings"
	"testing"
)

func TestWeigh(t *testing.T) {
	for _, tt := range []struct {
		zip          Zip
		want, warned string
	}{
		{zip: Zip{Size: 10 << 20, Unzipped: 40 << 20}},
		{zip: Zip{Size: 20 << 20, Unzipped: 40 << 20}, warned: "it has 20.0 MB; a function starts faster below 15 MB"},
		{zip: Zip{Size: 51 << 20, Unzipped: 80 << 20}, want: "Request must be smaller than 70167211 bytes for the CreateFunction operation"},
		{zip: Zip{Size: 20 << 20, Unzipped: 250 << 20}, want: "Unzipped size must be smaller than 262144000 bytes"},
	} {
		p := &Package{Plan: Plan{Zip: tt.zip}}
		err := p.weigh()
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.zip, err, tt.want)
		}
		if w := p.Plan.Warnings; (len(w) > 0) != (tt.warned != "") || len(w) > 0 && w[0].Message != tt.warned {
			t.Errorf("%+v: warnings %v, want %q", tt.zip, w, tt.warned)
		}
	}
}
