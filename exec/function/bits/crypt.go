package bits

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
)

func crypt() []function.Def {
	encrypt := def("aes_encrypt", "hash", "expr, key[, mode[, padding[, iv[, aad]]]]", "Encrypts bytes by AES with a key of 16, 24 or 32 bytes. Modes are GCM (the default), CBC and ECB; the initialization vector, random unless given, stands before the result. GCM also takes additional data that decryption must be given again.",
		build.Func(build.Optional(bin, 2, bin, bin, text, text, bin, bin), aesCall("aes_encrypt", (*aesCoder).encrypt, false)),
		ex("SELECT hex(aes_encrypt('Spark', '1234567890abcdef', 'ECB'))", "8DE7DB79A23F3E8ED530994DDEA98913"), ex("SELECT base64(aes_encrypt('Spark', 'abcdefghijklmnop12345678ABCDEFGH', 'CBC', 'DEFAULT', unhex('00000000000000000000000000000000')))", "AAAAAAAAAAAAAAAAAAAAAPSd4mWyMZ5mhvjiAPQJnfg="))
	encrypt.Volatility = function.Volatile
	const example = "(unhex('83F16B2AA704794132802D248E6BFD4E380078182D1544813898AC97E709B28A94'), '0000111122223333')"
	return []function.Def{
		encrypt,
		def("aes_decrypt", "hash", "expr, key[, mode[, padding[, aad]]]", "Decrypts what aes_encrypt made.", build.Func(build.Optional(bin, 2, bin, bin, text, text, bin), aesCall("aes_decrypt", (*aesCoder).decrypt, false)),
			ex("SELECT aes_decrypt"+example, "Spark")),
		def("try_aes_decrypt", "hash", "expr, key[, mode[, padding[, aad]]]", "Decrypts what aes_encrypt made; NULL if that cannot be.", build.Func(build.Optional(bin, 2, bin, bin, text, text, bin), aesCall("try_aes_decrypt", (*aesCoder).decrypt, true), build.NullOut),
			ex("SELECT try_aes_decrypt"+example, "Spark"), ex("SELECT try_aes_decrypt('Spark', '0000111122223333')", "NULL")),
		def("hmac", "hash", "key, message[, algorithm]", "Returns the keyed hash of a message by SHA-256, or SHA-224, SHA-384, SHA-512, SHA-1 or MD5.", build.Func(build.Optional(bin, 2, bin, bin, text), hmacCall),
			ex("SELECT hex(hmac('key', 'message'))", "6E9EF29B75FFFC5B7ABAE527D58FDADB2FE42E7219011976917343065F58ED4A")),
	}
}

// aesCoder works with one key at a time, which it prepares once.
type aesCoder struct {
	key   string
	block cipher.Block
	gcm   cipher.AEAD
}

// aesWay is how a call wants things done.
type aesWay struct {
	mode, padding string // upper case
	iv, aad       string
}

func (w *aesWay) check(name string, encrypting bool) error {
	if p := map[string]string{"GCM": "NONE", "CBC": "PKCS", "ECB": "PKCS"}[w.mode]; p == "" || w.padding != p && w.padding != "DEFAULT" {
		return sqlerr.New(sqlerr.AESMode, "The feature is not supported: AES-%s with the padding %s by the `aes_encrypt`/`aes_decrypt` function.", w.mode, w.padding)
	}
	if w.aad != "" && w.mode != "GCM" {
		return sqlerr.New(sqlerr.AESModeAAD, "The feature is not supported: `%s` with AES-%s does not support additional authenticate data (AAD).", name, w.mode)
	}
	if !encrypting || w.iv == "" {
		return nil
	}
	switch want := ivSize(w.mode); want {
	case 0:
		return sqlerr.New(sqlerr.AESModeIV, "The feature is not supported: `%s` with AES-%s does not support initialization vectors (IVs).", name, w.mode)
	case len(w.iv):
		return nil
	}
	return sqlerr.New(sqlerr.AESIVLength, "The value of parameter(s) `iv` in `aes_encrypt`/`aes_decrypt` is invalid: supports 16-byte CBC IVs and 12-byte GCM IVs, but got %d bytes for %s.", len(w.iv), w.mode)
}

func ivSize(mode string) int {
	switch mode {
	case "GCM":
		return 12
	case "CBC":
		return aes.BlockSize
	}
	return 0
}

func (a *aesCoder) use(key string) error {
	if a.block != nil && key == a.key {
		return nil
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return sqlerr.New(sqlerr.AESKeyLength, "The value of parameter(s) `key` in `aes_encrypt`/`aes_decrypt` is invalid: expects a binary value with 16, 24 or 32 bytes, but got %d bytes.", len(key))
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	a.key, a.block, a.gcm = strings.Clone(key), block, gcm
	return nil
}

func (a *aesCoder) encrypt(s string, w *aesWay) (string, error) {
	n := ivSize(w.mode)
	out := make([]byte, n, n+len(s)+2*aes.BlockSize)
	if w.iv != "" {
		copy(out, w.iv)
	} else if _, err := rand.Read(out); err != nil {
		return "", err
	}
	if w.mode == "GCM" {
		return string(a.gcm.Seal(out, out, []byte(s), []byte(w.aad))), nil
	}
	out = append(out, s...)
	for pad := aes.BlockSize - len(s)%aes.BlockSize; len(out)-n < len(s)+pad; {
		out = append(out, byte(pad))
	}
	if body := out[n:]; w.mode == "CBC" {
		cipher.NewCBCEncrypter(a.block, out[:n]).CryptBlocks(body, body)
	} else {
		for ; len(body) > 0; body = body[aes.BlockSize:] {
			a.block.Encrypt(body, body)
		}
	}
	return string(out), nil
}

func (a *aesCoder) decrypt(s string, w *aesWay) (string, error) {
	n := ivSize(w.mode)
	if len(s) < n {
		return "", aesFailure("the input is shorter than its initialization vector")
	}
	iv, body := []byte(s[:n]), []byte(s[n:])
	if w.mode == "GCM" {
		out, err := a.gcm.Open(body[:0], iv, body, []byte(w.aad))
		if err != nil {
			return "", aesFailure("the tag does not fit the key and the data")
		}
		return string(out), nil
	}
	if len(body) == 0 || len(body)%aes.BlockSize != 0 {
		return "", aesFailure("the input is no whole number of blocks")
	}
	if w.mode == "CBC" {
		cipher.NewCBCDecrypter(a.block, iv).CryptBlocks(body, body)
	} else {
		for b := body; len(b) > 0; b = b[aes.BlockSize:] {
			a.block.Decrypt(b, b)
		}
	}
	pad := int(body[len(body)-1])
	if pad == 0 || pad > aes.BlockSize {
		return "", aesFailure("the padding is wrong")
	}
	for _, b := range body[len(body)-pad:] {
		if int(b) != pad {
			return "", aesFailure("the padding is wrong")
		}
	}
	return string(body[:len(body)-pad]), nil
}

func aesFailure(detail string) error {
	return sqlerr.New(sqlerr.AESCrypto, "The value of parameter(s) `expr`, `key` in `aes_encrypt`/`aes_decrypt` is invalid: detail message: %s.", detail)
}

// aesCall makes the loop of a function; with try errors are NULL.
func aesCall(name string, code func(*aesCoder, string, *aesWay) (string, error), try bool) build.Maker {
	return func(*expr.Call) (function.Kernel, error) {
		a := &aesCoder{}
		one := func(args []*vec.Vec, row int) (string, error) {
			w := aesWay{mode: "GCM", padding: "DEFAULT"}
			if len(args) > 2 {
				w.mode = strings.ToUpper(build.At[string](args[2], row))
			}
			if len(args) > 3 {
				w.padding = strings.ToUpper(build.At[string](args[3], row))
			}
			encrypting := name == "aes_encrypt"
			rest := args[min(len(args), 4):]
			if encrypting && len(rest) > 0 {
				w.iv, rest = build.At[string](rest[0], row), rest[1:]
			}
			if len(rest) > 0 {
				w.aad = build.At[string](rest[0], row)
			}
			if err := w.check(name, encrypting); err != nil {
				return "", err
			}
			if err := a.use(build.At[string](args[1], row)); err != nil {
				return "", err
			}
			return code(a, build.At[string](args[0], row), &w)
		}
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			s, err := one(args, row)
			if err != nil && try {
				return build.Null
			}
			vec.Data[string](out)[row] = s
			return err
		}), nil
	}
}

var hmacHashes = map[string]func() hash.Hash{
	"SHA-224": sha256.New224, "SHA-256": sha256.New, "SHA-384": sha512.New384, "SHA-512": sha512.New, "SHA-1": sha1.New, "MD5": md5.New,
}

func hmacCall(*expr.Call) (function.Kernel, error) {
	return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		name := "SHA-256"
		if len(args) > 2 {
			name = build.At[string](args[2], row)
		}
		h, ok := hmacHashes[strings.ToUpper(name)]
		if !ok {
			return sqlerr.New(sqlerr.InvalidParameterValue, "hmac does not know the algorithm %s; it knows SHA-224, SHA-256, SHA-384, SHA-512, SHA-1 and MD5.", name)
		}
		m := hmac.New(h, []byte(build.At[string](args[0], row)))
		m.Write([]byte(build.At[string](args[1], row)))
		vec.Data[string](out)[row] = string(m.Sum(nil))
		return nil
	}), nil
}
