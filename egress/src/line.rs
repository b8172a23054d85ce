//! A line to a server that speaks no HTTP: mail, a database. It is made to an address that the policy allows, and what goes
//! over it is encrypted, but on this machine.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use crate::client::{Client, install_cryptography};
use crate::error::{Error, refused_address};
use crate::resolve;

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(10);

/// Whether others on the way can read along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// They can: only to this machine itself, and only where the policy allows private addresses.
    Open,
    /// TLS begins after a plain greeting; without it nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl Client {
    /// A connection to an address that the policy allows.
    pub(crate) async fn reach(&self, host: &str, port: u16) -> Result<(TcpStream, IpAddr), Error> {
        let mut last = unreached(host, "the name has no address");
        for address in self.addresses(host).await? {
            let connecting = TcpStream::connect(SocketAddr::new(address, port));
            match tokio::time::timeout(CONNECTING, connecting).await {
                Ok(Ok(stream)) => return Ok((stream, address)),
                Ok(Err(error)) => last = unreached(host, &error.to_string()),
                Err(_) => last = unreached(host, "it takes too long"),
            }
        }
        Err(last)
    }

    /// Those addresses of a host that the policy allows.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        let text = if host.contains(':') { format!("https://[{host}]/") } else { format!("https://{host}/") };
        let url = Url::parse(&text).map_err(|error| Error::Invalid(format!("this is no host: {error}")))?;
        self.policy.check_host(&url)?;
        match url.host() {
            Some(Host::Ipv4(address)) => Ok(vec![address.into()]),
            Some(Host::Ipv6(address)) => Ok(vec![address.into()]),
            Some(Host::Domain(name)) => {
                let found = self.lookup.look_up(name).await;
                let found = found.map_err(|error| unreached(host, &error.to_string()))?;
                resolve::allowed(&self.policy, found).map_err(|first| match first {
                    Some(address) => Error::Refused(refused_address(host, &address.to_string())),
                    None => unreached(host, "the name has no address"),
                })
            }
            None => Err(Error::Invalid("the address has no host".into())),
        }
    }

    /// Refuses to send in the open what others could read.
    pub(crate) fn check_open(&self, what: &str, host: &str, address: IpAddr) -> Result<(), Error> {
        if self.policy.allow_private && address.is_loopback() {
            return Ok(());
        }
        Err(Error::Refused(format!("{what} goes to `{host}` by TLS alone, since others could read it")))
    }
}

fn unreached(host: &str, why: &str) -> Error {
    Error::Network { message: format!("cannot connect to `{host}`: {why}"), before_send: true }
}

/// Makes a connection one that others cannot read, to a server that proves its name. It is trusted by what the system
/// trusts, or by these certificates alone (PEM), where there are some.
pub(crate) async fn crypt(
    stream: TcpStream,
    host: &str,
    trusted: Option<&str>,
) -> Result<TlsStream<TcpStream>, Error> {
    let failed = |why: &dyn std::fmt::Display| Error::Network {
        message: format!("no encryption with `{host}`: {why}"),
        before_send: true,
    };
    let config = match trusted {
        None => trusting().map_err(|why| failed(&why))?,
        Some(pem) => trusting_alone(pem)?,
    };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(&error))?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| failed(&error))
}

/// What the system trusts, read once.
fn trusting() -> Result<Arc<ClientConfig>, String> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let made = CONFIG.get_or_init(|| {
        install_cryptography();
        let trusts = ClientConfig::builder().with_platform_verifier().map_err(|error| error.to_string())?;
        Ok(Arc::new(trusts.with_no_client_auth()))
    });
    made.clone()
}

fn trusting_alone(pem: &str) -> Result<Arc<ClientConfig>, Error> {
    install_cryptography();
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots(pem)?).with_no_client_auth()))
}

/// The certificates of a text, of which there must be one at least.
pub(crate) fn roots(pem: &str) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| no_certificate(&error.to_string()))?;
        roots.add(certificate).map_err(|error| no_certificate(&error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(no_certificate("there is no `-----BEGIN CERTIFICATE-----` in it"));
    }
    Ok(roots)
}

/// What is said of a text that is no certificate.
fn no_certificate(why: &str) -> Error {
    Error::Invalid(format!("the certificate that is trusted cannot be read: {why}"))
}
