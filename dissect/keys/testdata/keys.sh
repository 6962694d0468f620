#!/bin/sh
# Makes the key files here out of the 1024-bit test key; needs openssl 3.
set -e
pki=../../../testdata/pcaps/pki
key=$pki/weak-1024.key
openssl rsa -in $key -traditional -out pkcs1.pem
openssl rsa -in $key -traditional -outform DER -out pkcs1.der
openssl pkcs8 -topk8 -nocrypt -in $key -out pkcs8.pem
openssl pkcs8 -topk8 -nocrypt -in $key -outform DER -out pkcs8.der
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:example -in $key -out pkcs8-aes.pem
openssl pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA1 -passout pass:example -in $key -out pkcs8-3des.pem
openssl pkcs8 -topk8 -v2 aes-128-cbc -passout pass:example -in $key -outform DER -out pkcs8-aes.der
openssl pkcs8 -topk8 -v1 PBE-SHA1-RC4-128 -provider legacy -provider default -passout pass:example -in $key -out pkcs8-old.pem
openssl rsa -in $key -traditional -aes128 -passout pass:example -out pkcs1-aes.pem
openssl pkcs12 -export -inkey $key -in $pki/weak-1024.pem -passout pass:example -out new.p12
openssl pkcs12 -export -legacy -inkey $key -in $pki/weak-1024.pem -passout pass:example -out old.p12
