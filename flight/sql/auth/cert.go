package auth

import (
	"context"
	"crypto/x509"
	"fmt"
)

// Certificates is an Authenticator that takes the user from a client's
// certificate, which the TLS layer has verified: the common name of its
// subject, else its first e-mail address, URI or DNS name.
type Certificates struct{ Refusals }

// Certificate implements Authenticator.
func (Certificates) Certificate(_ context.Context, c *x509.Certificate) (Principal, error) {
	p := Principal{Name: c.Subject.CommonName, Roles: c.Subject.OrganizationalUnit}
	switch {
	case p.Name != "":
	case len(c.EmailAddresses) > 0:
		p.Name = c.EmailAddresses[0]
	case len(c.URIs) > 0:
		p.Name = c.URIs[0].String()
	case len(c.DNSNames) > 0:
		p.Name = c.DNSNames[0]
	default:
		return p, fmt.Errorf("%w: the certificate names nobody", ErrRefused)
	}
	return p, nil
}
