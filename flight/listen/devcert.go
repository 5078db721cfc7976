package listen

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// DevCert returns a self-signed certificate for this machine, for trying TLS
// out: localhost, its loopback addresses and its name. It is kept in dir as
// dev-cert.pem, which clients may be given as authority, and dev-key.pem; the
// next start finds it there. The second result is the path of the certificate.
func DevCert(dir string) (*TLS, string, error) {
	cert, key := filepath.Join(dir, "dev-cert.pem"), filepath.Join(dir, "dev-key.pem")
	t := &TLS{CertFile: cert, KeyFile: key}
	if pair, err := tls.LoadX509KeyPair(cert, key); err == nil && pair.Leaf != nil && time.Until(pair.Leaf.NotAfter) > 24*time.Hour {
		return t, cert, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	certPEM, keyPEM, err := selfSigned()
	if err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(key, keyPEM, 0o600); err != nil {
		return nil, "", err
	}
	return t, cert, os.WriteFile(cert, certPEM, 0o644)
}

func selfSigned() (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	names := []string{"localhost"}
	if h, err := os.Hostname(); err == nil {
		names = append(names, h)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Volley development certificate"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	var c, p bytes.Buffer
	pem.Encode(&c, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	pem.Encode(&p, &pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
	return c.Bytes(), p.Bytes(), nil
}
