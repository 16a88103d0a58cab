package pattern

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"unsafe"
)

// ParseAddress reads a complete address literal. As in AWS's engine an IPv4 address
// that is mapped into IPv6 counts as IPv4 if it is written in hexadecimal and is none
// if it is written with dots; a zone is no part of an address. Unlike there, leading
// zeros are not accepted and the families never mix (decision D4).
func ParseAddress(s []byte) (a netip.Addr, ok bool) {
	if !maybeAddress(s) {
		return a, false
	}
	if bytes.IndexByte(s, '.') >= 0 {
		return parseIPv4(s)
	}
	// The string is only read during the call: an address without zone keeps none of it.
	a, err := netip.ParseAddr(unsafe.String(unsafe.SliceData(s), len(s)))
	if err != nil {
		return a, false
	}
	return a.Unmap(), true
}

// parseIPv4 reads four numbers with dots between them. It is what most addresses are, and
// takes a quarter of netip's time.
func parseIPv4(s []byte) (a netip.Addr, ok bool) {
	var parts [4]byte
	part, digits, n := 0, 0, 0
	for _, c := range s {
		switch {
		case c == '.' && digits > 0 && part < 3:
			parts[part] = byte(n)
			part, digits, n = part+1, 0, 0
		case c >= '0' && c <= '9' && (digits == 0 || n > 0): // no leading zero
			if n = 10*n + int(c-'0'); n > 255 {
				return a, false
			}
			digits++
		default:
			return a, false
		}
	}
	parts[part] = byte(n)
	return netip.AddrFrom4(parts), part == 3 && digits > 0
}

// maybeAddress keeps most texts away from netip, which makes an error of each.
func maybeAddress(s []byte) bool {
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
	if len(s) < 2 || len(s) > longest {
		return false
	}
	dots, colons := 0, 0
	for _, c := range s {
		switch {
		case c == '.':
			dots++
		case c == ':':
			colons++
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return dots == 3 && colons == 0 || dots == 0 && colons >= 2
}

// parseBlock reads address/bits; problem says what is wrong, "" if nothing is. Bits of
// the address beyond the block do not count.
func parseBlock(s string) (block netip.Prefix, problem string) {
	address, length, found := strings.Cut(s, "/")
	if !found {
		return block, "has no /bits"
	}
	if strings.Contains(length, "/") {
		return block, "has more than one slash"
	}
	a, err := netip.ParseAddr(address)
	if err != nil || !maybeAddress([]byte(address)) {
		return block, "does not start with an address"
	}
	n, err := strconv.Atoi(length)
	if err != nil || length[0] == '+' {
		return block, "has bits that are not a whole number"
	}
	if n < 0 || n > a.BitLen() {
		return block, "has bits that are not between 0 and " + strconv.Itoa(a.BitLen())
	}
	if a.Is4In6() && n >= 96 {
		a, n = a.Unmap(), n-96
	}
	block, _ = a.Prefix(n)
	return block, ""
}
