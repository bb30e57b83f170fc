---
# Rendered by `op inject` on the operator's machine and piped to the API server; never written to disk.
# Items whose name ends in _b64 hold base64, because op inject knows nothing of indentation.
apiVersion: v1
kind: Secret
metadata:
  name: onepassword-connect
  namespace: external-secrets
type: Opaque
stringData:
  # The credentials file of the Connect server, base64 as its chart wants it.
  1password-credentials.json: "op://k8s-ops/infra-onepassword-connect/credentials_b64"
  token: "op://k8s-ops/infra-onepassword-connect/token"
---
apiVersion: v1
kind: Secret
metadata:
  name: cluster-secrets
  namespace: flux-system
type: Opaque
stringData:
  ACME_EMAIL: "op://k8s-ops/infra-cluster-secrets/acme_email"
  BGP_PASSWORD: "op://k8s-ops/infra-cluster-secrets/bgp_password"
---
# With this key Flux decrypts what .sops.yaml encrypts.
apiVersion: v1
kind: Secret
metadata:
  name: sops-age
  namespace: flux-system
type: Opaque
stringData:
  age.agekey: "op://k8s-ops/infra-sops/age_key"
