package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// certificatesIn makes a certificate for each listener. That of the authority which clients may trust
// is written to ca.pem; its key is kept beside it, for a server that is started again.
func certificatesIn(folder string) (map[string]tls.Certificate, error) {
	trusted, err := keptAuthority(folder)
	if err != nil {
		return nil, err
	}
	unknown, _, err := newAuthority("an authority that nobody knows")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	here := func(from, to time.Time) *x509.Certificate {
		return &x509.Certificate{
			Subject:     pkix.Name{CommonName: "localhost"},
			DNSNames:    []string{"localhost"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
			NotBefore:   from, NotAfter: to,
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
	}
	day := 24 * time.Hour
	good := here(now.Add(-day), now.Add(30*day))
	elsewhere := here(now.Add(-day), now.Add(30*day))
	elsewhere.DNSNames, elsewhere.IPAddresses = []string{"elsewhere.example"}, nil
	made := map[string]tls.Certificate{}
	for name, made_of := range map[string]struct {
		by       *authority
		template *x509.Certificate
	}{
		"https":       {trusted, good},
		"https1":      {trusted, good},
		"flaky":       {trusted, good},
		"flaky1":      {trusted, good},
		"expired":     {trusted, here(now.Add(-10*day), now.Add(-day))},
		"wrong-host":  {trusted, elsewhere},
		"self-signed": {nil, good},
		"unknown-ca":  {unknown, good},
	} {
		if made[name], err = issue(made_of.by, made_of.template); err != nil {
			return nil, fmt.Errorf("certificate %s: %w", name, err)
		}
	}
	return made, nil
}

// issue signs a certificate for a new key; without an authority, by that key.
func issue(by *authority, template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	copied := *template
	copied.SerialNumber = serial()
	parent, signer := &copied, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &copied, parent, &key.PublicKey, signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func serial() *big.Int {
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	return number
}

func newAuthority(name string) (*authority, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-20 * 24 * time.Hour), NotAfter: time.Now().Add(60 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key}, der, err
}

func keptAuthority(folder string) (*authority, error) {
	keyFile, certificateFile := filepath.Join(folder, "ca.key"), filepath.Join(folder, "ca.pem")
	if pair, err := tls.LoadX509KeyPair(certificateFile, keyFile); err == nil {
		certificate, err := x509.ParseCertificate(pair.Certificate[0])
		return &authority{certificate, pair.PrivateKey.(*ecdsa.PrivateKey)}, err
	}
	made, der, err := newAuthority("lakegate's tests")
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(made.key)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		return nil, err
	}
	return made, os.WriteFile(certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}
