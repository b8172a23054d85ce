//! TLS between the web view and a service on this machine that speaks none. WebKit keeps no `Secure` cookie of an address
//! without TLS, not even on this machine, and the cookie of a session is `Secure` alone.
//!
//! The certificate is made at each start and never leaves the process; the web view takes this one and no other. Behind it
//! stands what any program on this machine reaches anyway, with the same questions asked of it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::address::Address;

/// Where it stands if it can: what a page keeps of its looks is kept by address.
const USUAL: u16 = 17_878;

/// How long it may take to agree upon a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no bridge.
#[derive(Debug, Error)]
pub enum Error {
    /// No certificate can be made.
    #[error("no certificate can be made for the window")]
    Certificate(#[source] rcgen::Error),
    /// TLS refuses its settings.
    #[error("TLS cannot be set up for the window")]
    Tls(#[source] rustls::Error),
    /// No port is free.
    #[error("no port of this machine can be listened on")]
    Port(#[source] io::Error),
}

/// A bridge that stands while its task runs.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// Where it answers.
    pub url: Url,
    /// The one certificate that is to be believed there, as PEM.
    pub certificate: String,
}

/// Its host, as the certificate names it.
pub const HOST: &str = "127.0.0.1";

impl Bridge {
    /// Begins one that leads to a service, and goes on with it for as long as the process lives.
    ///
    /// # Errors
    /// Where there is no certificate or no port.
    pub async fn begin(to: Address) -> Result<Bridge, Error> {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).map_err(Error::Certificate)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
            })
            .map_err(Error::Tls)?;
        let listener = listen().await.map_err(Error::Port)?;
        let at = listener.local_addr().map_err(Error::Port)?;
        tokio::spawn(lead(listener, TlsAcceptor::from(Arc::new(config)), to));
        let url = Url::parse(&format!("https://{at}/")).expect("an address of a socket is one of a page");
        Ok(Bridge { url, certificate: made.cert.pem() })
    }
}

/// Takes the usual port, or any that is free.
async fn listen() -> io::Result<TcpListener> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(at(USUAL)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(at(0)).await,
    }
}

async fn lead(listener: TcpListener, tls: TlsAcceptor, to: Address) {
    loop {
        let Ok((inner, _)) = listener.accept().await else {
            // Too many files are open: others end meanwhile.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (tls, to) = (tls.clone(), to.clone());
        tokio::spawn(async move {
            let Ok(Ok(mut inner)) = tokio::time::timeout(PATIENCE, tls.accept(inner)).await else { return };
            let Ok(mut outer) = TcpStream::connect(to.to_connect()).await else { return };
            // A connection that breaks is seen by both sides, and both know what to do.
            let _ = copy_bidirectional(&mut inner, &mut outer).await;
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// A service that gives back in capitals what it hears.
    async fn echo() -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut heard = [0; 64];
                let read = stream.read(&mut heard).await.unwrap();
                stream.write_all(&heard[..read].to_ascii_uppercase()).await.unwrap();
            }
        });
        Address::read(&format!("http://{at}")).unwrap()
    }

    async fn asked(bridge: &Bridge, believed: &str) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(believed.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let to = bridge.url.socket_addrs(|| None).unwrap()[0];
        assert!(to.ip().is_loopback());
        let stream = TcpStream::connect(to).await?;
        let mut stream =
            TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(HOST).unwrap(), stream).await?;
        stream.write_all(b"who is there").await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok(String::from_utf8(answer.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_is_said_reaches_the_service_and_what_it_answers_comes_back() {
        let bridge = Bridge::begin(echo().await).await.unwrap();
        assert_eq!(asked(&bridge, &bridge.certificate).await.unwrap(), "WHO IS THERE");
    }

    #[tokio::test]
    async fn another_certificate_is_not_believed_and_each_start_has_its_own() {
        let bridge = Bridge::begin(echo().await).await.unwrap();
        let other = Bridge::begin(echo().await).await.unwrap();
        assert_ne!(bridge.url, other.url);
        assert!(asked(&bridge, &other.certificate).await.is_err());
        assert!(asked(&other, &other.certificate).await.is_ok());
    }
}
