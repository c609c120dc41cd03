#!/bin/sh
# Runs a command that sees nothing of this machine's proxies, CA bundles and passwords: tests must not depend on them.
# What a test installs or builds may need them, and runs without this.
exec env -u http_proxy -u https_proxy -u all_proxy -u no_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u NO_PROXY \
    -u REQUESTS_CA_BUNDLE -u CURL_CA_BUNDLE -u SSL_CERT_FILE -u SSL_CERT_DIR -u REQUEST_METHOD NETRC=/dev/null "$@"
