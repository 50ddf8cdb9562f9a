#!/bin/bash
# Makes what must not be shared: an SSH authority that the machines trust, a key signed by it, and the secrets of the
# elements. What is there already stays.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
. ./cluster.sh
ssh=ansible/ssh

[ -f $ssh/authority ] || ssh-keygen -q -t ed25519 -N '' -C "$name authority" -f $ssh/authority
[ -f $ssh/key ] || ssh-keygen -q -t ed25519 -N '' -C "$name" -f $ssh/key
ssh-keygen -q -s $ssh/authority -I "$name" -n root -V -5m:+52w $ssh/key.pub

cat >user-data.yaml <<END
#cloud-config
write_files:
- path: /etc/ssh/cluster_authority.pub
  content: |
    $(cat $ssh/authority.pub)
  permissions: '0644'
- path: /etc/ssh/sshd_config.d/10-cluster.conf
  content: |
    TrustedUserCAKeys /etc/ssh/cluster_authority.pub
  permissions: '0644'
runcmd:
- [systemctl, try-reload-or-restart, ssh.service]
END

# value KIND BYTES: a new secret as base64 text
value() {
  case $1 in
    random-bytes) head -c "$2" /dev/urandom | base64 -w0 ;;
    ssh-ed25519)
      folder=$(mktemp -d)
      ssh-keygen -q -t ed25519 -N '' -C '' -f "$folder/key"
      base64 -w0 "$folder/key"
      rm -r "$folder"
      ;;
    *) echo "secrets.sh: unknown kind $1" >&2; return 1 ;;
  esac
}

file=ansible/group_vars/all/secrets.yaml
if [ ! -f $file ]; then
  mkdir -p ansible/group_vars/all
  echo "cluster_secrets:" >$file.new
  for line in "${secrets[@]}"; do
    read -r element secret kind bytes <<<"$line"
    printf '  "%s/%s": "%s"\n' "$element" "$secret" "$(value "$kind" "$bytes")" >>$file.new
  done
  [ ${#secrets[@]} -gt 0 ] || echo "  {}" >>$file.new
  mv $file.new $file
fi
