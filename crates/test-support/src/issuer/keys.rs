//! The fake issuer's keys. They were made for these tests, stand in the open and
//! guard nothing. Fixed ones, because to make an RSA key takes seconds.

use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{
        CoreHmacKey, CoreJsonWebKey, CoreJwsSigningAlgorithm as Algorithm, CoreRsaPrivateSigningKey,
    },
};

/// The keys in the order of rotation; each is in use under a key id of its own.
const PAIRS: [(&str, &str); 2] = [(FIRST, FIRST_PUBLIC), (SECOND, SECOND_PUBLIC)];

/// Who signs a token, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// With the key in use, RS256.
    #[default]
    Proper,
    /// Not at all: `alg: none` with an empty signature.
    Unsigned,
    /// HS256 with the public key's PEM as the secret: the classic confusion.
    PublicKeyAsSecret,
    /// HS256 with the client's secret.
    ClientSecret,
    /// RS256 with a key that nobody published, under the key id in use.
    StrangersKey,
    /// RS256 with the key in use, under a key id that nobody published.
    UnknownKeyId,
}

/// The key that was put in use by the `rotation`th rotation.
pub(super) struct Key {
    pub(super) id: String,
    signer: CoreRsaPrivateSigningKey,
    public_pem: &'static str,
    rotation: usize,
}

impl Key {
    pub(super) fn of_rotation(rotation: usize) -> Self {
        let id = format!("key-{rotation}");
        let (private, public_pem) = PAIRS[rotation % PAIRS.len()];
        let signer =
            CoreRsaPrivateSigningKey::from_pem(private, Some(JsonWebKeyId::new(id.clone())))
                .expect("the fixed key is a key");
        Self {
            id,
            signer,
            public_pem,
            rotation,
        }
    }

    /// Its public half, as the key set shows it.
    pub(super) fn public(&self) -> CoreJsonWebKey {
        self.signer.as_verification_key()
    }

    /// The signature over a message, by RS256 or whatever else was asked for.
    pub(super) fn sign(&self, how: Signing, message: &[u8], client_secret: &str) -> Vec<u8> {
        let signature = match how {
            Signing::Unsigned => return Vec::new(),
            Signing::PublicKeyAsSecret => {
                CoreHmacKey::new(self.public_pem).sign(&Algorithm::HmacSha256, message)
            }
            Signing::ClientSecret => {
                CoreHmacKey::new(client_secret).sign(&Algorithm::HmacSha256, message)
            }
            Signing::StrangersKey => Self::of_rotation(self.rotation + 1)
                .signer
                .sign(&Algorithm::RsaSsaPkcs1V15Sha256, message),
            Signing::Proper | Signing::UnknownKeyId => {
                self.signer.sign(&Algorithm::RsaSsaPkcs1V15Sha256, message)
            }
        };
        signature.expect("the fixed keys sign")
    }
}

impl Signing {
    /// `alg` in the token's header.
    pub(super) fn algorithm(self) -> &'static str {
        match self {
            Self::Unsigned => "none",
            Self::PublicKeyAsSecret | Self::ClientSecret => "HS256",
            Self::Proper | Self::StrangersKey | Self::UnknownKeyId => "RS256",
        }
    }
}

const FIRST: &str = "-----BEGIN RSA PRIVATE KEY-----
MIIEpAIBAAKCAQEAiBe9XiqAmkEkN1cAssdYlLzECPcGKImoLISS3TpWNbsX0AZJ
GXp3QLtz5IFUIIexAoZkzhblHusX/F5LCzGxTpJRQwBAeyWj9BQQf3hrjFSqmbeO
XFM1GGDqhTt6sIg2PQhYteauGkp0jZDvXnv0pwHOnWob6cq4eBRJaZmm2PjwMkk2
fZabLKUTHjktY1cv++zStRWjDFrlV0rVyOGH1YuBeQlk4hl1fdZmjXU9ljI8oDb5
ImDOH7V4bAzSrlxAig3P+koK04mJSdjo1CfBPiAoI7tsb526c0FQAPwE+N6gQeb6
7aHabiFDiD+HUCFxDqxWKPgQUywGxfbW1uBYGwIDAQABAoIBAATU3Zg2PL09NXfx
fXOGDZME5etw5FBpcrBXPzozaVQcVvVqWQtahFlRTlqnwhYq5byH4OmgI8o74Rdz
PDQi3intRTfyY6z7jR02iSS9YF6/CBTPphzeUgg83evqTKoaa90xf/9qjSEfJjwl
um8e9MnpD9jEJ5wz4jtWcl9utl8FijX/vZ9H+QDTOqHMBGPGJXNuERHYZDUFXEbA
3B+1THPvmkZZrigjxXbmd3Fl5QIsbvjlsjJkLBK1GeiN2T25/yO5uvFex+aPuxtn
MuXL892HIwz5jZSYGSsxbvPEwKutPRz9gP8yGF+O6QIA5H8jZUXByUKiEJ3hNWR+
oOi2OAECgYEAuul/MBf1CdwF9gucsKTWptsfrb/+59h5//AHxJSMUivrugrScfoJ
Se0fuODgX7j3ty9ww0LLeRcI7auySMJDBcln5s7h2SxZaDbYlB7GA8CABHnMMvIs
fQ1hIA5U7o+XDCCrIhir5BnOLIgxi5K5ezaqc8e2ihw7N33IpdHqlRsCgYEAumV5
rCJpWS+WXvodDbYnf2s72gA5a9OdROVNm1aBWZ28JKqpeDUqG21dhHcIpTqFXIKZ
RY+pc/cWP5piQ2dqHYP2mSrsh1Pmckwb86CHjcuit2IhHdHoBgV/a2C2vJSkD/80
JXtG/aEhS2uG4vF/iNyopi9NyIgDqwFR1UE0eQECgYBFeB9jmqPiZDp69lnodXuq
TGr7ww5U0WqWq3nXoHZ+3AAjB36sCgiFx3Iw3rPGIBNBrIo2qI7DlMImw9fhnwIW
FoNdj6r1crxQNYJNmxpxroxmHXa9wLC0UdK1fV4nxIqZYVL5uz2367drabswavox
R2IW4jWAI3oG5+M5bknH3QKBgQC1cpToCTOOWzHBUS65K0n10riXtcIwAfbFm4ZZ
ofMW/uKouu1wFCjiPCteCNYEqhwqewOjYH8vYSdqUOo4/VGiW9TRM6S+8+CQASDw
n6N1V/cVF1Rvh+ea/P0V1TbuCrBO1jq4BfKMca9MkObkwvxIia0u4TuR6z3O2OEF
fI0NAQKBgQCtERxMA+RipFYBkXkDrIsGDf1XF5R+7ddrPAes5g9pfGCNvywRf+T/
/ImgcaGvCKTvcdiga0AkcWxppVSNvAcdi2ta8tP7uioQ27Ve0vRD61S9KWLPZ6bT
YJotWysiWVH+aXalSW5sOITZ5T47pSUD7CV5uNlYxwTtTmlsKPx7Kg==
-----END RSA PRIVATE KEY-----
";

const FIRST_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAiBe9XiqAmkEkN1cAssdY
lLzECPcGKImoLISS3TpWNbsX0AZJGXp3QLtz5IFUIIexAoZkzhblHusX/F5LCzGx
TpJRQwBAeyWj9BQQf3hrjFSqmbeOXFM1GGDqhTt6sIg2PQhYteauGkp0jZDvXnv0
pwHOnWob6cq4eBRJaZmm2PjwMkk2fZabLKUTHjktY1cv++zStRWjDFrlV0rVyOGH
1YuBeQlk4hl1fdZmjXU9ljI8oDb5ImDOH7V4bAzSrlxAig3P+koK04mJSdjo1CfB
PiAoI7tsb526c0FQAPwE+N6gQeb67aHabiFDiD+HUCFxDqxWKPgQUywGxfbW1uBY
GwIDAQAB
-----END PUBLIC KEY-----
";

const SECOND: &str = "-----BEGIN RSA PRIVATE KEY-----
MIIEpQIBAAKCAQEAm3KfsZ7DvH/6fLUtgx27n6EEWZPDn8sC2aAxx94lc8GeRKgA
Ppqhz5WRIroh5zw5mD3msXlcWvxg4qwuBCRe8Ovp8G6kwcGGIjKv4SiBq5eZAs9o
InE6G/QWY0qYQsmQUEbE+/Vuw8AtM+DvDRPNitL65lZmCXfYW7MR6wUkgy+6qC0S
C7OxmaRpt4kGsK1FclwCm9VwWea2+b1ugdsgEPQ2T1OlHOovkucd3gIEm1RqicMh
n6FRLPr8TcxD3dopJW7/iizJvKn6BmTW0POlnEu8tzYT/JaYKiuIPNPK+2LN7/8w
JM8IJUrx2EqbdZse9yK8Noo80dH5TxpHZvODOQIDAQABAoIBAB3kCqUi/Exw53+3
bwr5Wqy1T5rR+Rnu9ZtXXHssUlNR9dcJ3xIqtdau0fu1gvNt9z05GfUiewnb4d10
clzFiaQWGSPsgq3nQp2s1XkcSuLuAbQyobmNwDjD1NI+88xT6fYlxZcVeLkXaRnC
tPT0y99X9nr4PiKv8uCfLGDe2kiHRh8+4Q2lYzCsHr15RWe9IDBa6b6PP+KtFx3c
FiD8pqMOBhlSGJDP4T9c8gu74appB8F051BYZ5ldf5+wS2dFQCmpOsg1+dMhZ44n
0N8TXtGtOcCp12mzCZMcteMzNvO+FvnKRq11odNW3DEyVstexut+b108k0XCeLdH
ZKHBZiECgYEA1UkGirnJ3L49gy9uObbsqJRlcoL7KgjuEVtWvBnWuYim8DE3S+Ux
ZYAfCY7iZB9h1n/rJfiK4uM7sH2PakZpBNQ4saL12iLZmNpJrmkDUAzsdQAhL/oS
JT/NjAkiVDVR5/mFV/WBJ+InBeobJPKMCZ7SepNZq2vOT0hu5YOe7N0CgYEAupRQ
Fd/mpT0/0+6cLzxAGzttRvn+1M1GSst5bUaGA1Lcq0FU59iFMKKP0ibxhpkQZW19
70a4/Ih0j2+LKNNv2m+nuuFO3YoQ19D9PALud6qscfiVPAU693uwezVWKy9vYrHU
O7rbUXlditPEH2kQvkXMzkzGMTleayNkPmVhrA0CgYEApVF7HqAvVUioCT0EZPvi
qDCOCZp47/YIAbAYpKgqhZjkPJ0JTWyTQydx50i3NgAVJ9vy+nWRwZd8Nqq8NRXq
ZPHSF+5GPhRxMUdRgTyocq3xwiadksB0vCaePgL+duL1X6dKsgj7WVyz/qOc8qCF
5xcR8iywfmyLd2yfeIry7okCgYEAmU0zYEXP5QUmZKQxgD4pDjcN2ruePotLrjjx
VHAVvLVgyvWrJbQp+4QWV73XxZgOeMg2KVwasqQL4a7s0GaqCPilAFAP1MeUfz8g
Uya1eW2qsxpkxCQoByCCKTnxyxn2k0k58LnfalomGeNVydkyAKSpWviJ//f7NFyo
CPyT/CECgYEAyRJRYQZ5QfNbG1oHnDThRdWyQIrnhLpmZxdRFsgJryoDXOEGcAVE
KWVFSziNGV4oBKxvRNVtvrCRDf2R5oR1kt4OIxHgC/xXXflhhEBV8/CVM8e1HM1y
mT9dAIZLEo/3bVc3uIK+aSVr6X7/AtONc6ThlYcy+coSLLX2joQSapQ=
-----END RSA PRIVATE KEY-----
";

const SECOND_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm3KfsZ7DvH/6fLUtgx27
n6EEWZPDn8sC2aAxx94lc8GeRKgAPpqhz5WRIroh5zw5mD3msXlcWvxg4qwuBCRe
8Ovp8G6kwcGGIjKv4SiBq5eZAs9oInE6G/QWY0qYQsmQUEbE+/Vuw8AtM+DvDRPN
itL65lZmCXfYW7MR6wUkgy+6qC0SC7OxmaRpt4kGsK1FclwCm9VwWea2+b1ugdsg
EPQ2T1OlHOovkucd3gIEm1RqicMhn6FRLPr8TcxD3dopJW7/iizJvKn6BmTW0POl
nEu8tzYT/JaYKiuIPNPK+2LN7/8wJM8IJUrx2EqbdZse9yK8Noo80dH5TxpHZvOD
OQIDAQAB
-----END PUBLIC KEY-----
";
