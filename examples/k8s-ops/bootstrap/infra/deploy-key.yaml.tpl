---
# Applied by the Flux step, and only after `git ls-remote` has succeeded with it.
# Items whose name ends in _b64 hold base64, because op inject knows nothing of indentation.
# The deploy key, read-only, with which Flux fetches this repository.
apiVersion: v1
kind: Secret
metadata:
  name: flux-system
  namespace: flux-system
type: Opaque
data:
  identity: "op://k8s-ops/infra-flux-deploy-key/private_key_b64"
  identity.pub: "op://k8s-ops/infra-flux-deploy-key/public_key_b64"
  known_hosts: "op://k8s-ops/infra-flux-deploy-key/known_hosts_b64"
