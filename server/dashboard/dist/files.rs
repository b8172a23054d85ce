//! The files of the pages. Written by `npm run build` in `server/dashboard/`.

use super::File;

/// All of them, by their paths.
pub const FILES: &[File] = &[
    File { path: "assets/editor-dzJ1borQ.js", kind: "text/javascript; charset=utf-8", hash: "3c5b2e5a5e8ae8aa", kept: true, plain: include_bytes!("assets/editor-dzJ1borQ.js"), brotli: include_bytes!("assets/editor-dzJ1borQ.js.br"), gzip: include_bytes!("assets/editor-dzJ1borQ.js.gz") },
    File { path: "assets/index-CI-hFTEM.css", kind: "text/css; charset=utf-8", hash: "862e6285cd95c79a", kept: true, plain: include_bytes!("assets/index-CI-hFTEM.css"), brotli: include_bytes!("assets/index-CI-hFTEM.css.br"), gzip: include_bytes!("assets/index-CI-hFTEM.css.gz") },
    File { path: "assets/index-cImy--4R.js", kind: "text/javascript; charset=utf-8", hash: "aa0823163409bbde", kept: true, plain: include_bytes!("assets/index-cImy--4R.js"), brotli: include_bytes!("assets/index-cImy--4R.js.br"), gzip: include_bytes!("assets/index-cImy--4R.js.gz") },
    File { path: "assets/uPlot-CnsZ1jie.css", kind: "text/css; charset=utf-8", hash: "0fd9465202f6dfce", kept: true, plain: include_bytes!("assets/uPlot-CnsZ1jie.css"), brotli: include_bytes!("assets/uPlot-CnsZ1jie.css.br"), gzip: include_bytes!("assets/uPlot-CnsZ1jie.css.gz") },
    File { path: "assets/uPlot.esm-Cnx-LnSu.js", kind: "text/javascript; charset=utf-8", hash: "f59daa4a26a10243", kept: true, plain: include_bytes!("assets/uPlot.esm-Cnx-LnSu.js"), brotli: include_bytes!("assets/uPlot.esm-Cnx-LnSu.js.br"), gzip: include_bytes!("assets/uPlot.esm-Cnx-LnSu.js.gz") },
    File { path: "icon-192.png", kind: "image/png", hash: "708ce7db9e16a620", kept: false, plain: include_bytes!("icon-192.png"), brotli: &[], gzip: &[] },
    File { path: "icon-512.png", kind: "image/png", hash: "c55ccbac15be214b", kept: false, plain: include_bytes!("icon-512.png"), brotli: &[], gzip: &[] },
    File { path: "icon.svg", kind: "image/svg+xml", hash: "087d33c5bd0364b6", kept: false, plain: include_bytes!("icon.svg"), brotli: include_bytes!("icon.svg.br"), gzip: include_bytes!("icon.svg.gz") },
    File { path: "index.html", kind: "text/html; charset=utf-8", hash: "0771439e02f8e692", kept: false, plain: include_bytes!("index.html"), brotli: include_bytes!("index.html.br"), gzip: include_bytes!("index.html.gz") },
    File { path: "manifest.webmanifest", kind: "application/manifest+json", hash: "056ced500fbe9006", kept: false, plain: include_bytes!("manifest.webmanifest"), brotli: include_bytes!("manifest.webmanifest.br"), gzip: include_bytes!("manifest.webmanifest.gz") },
];
