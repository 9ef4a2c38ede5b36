"""What crosses the border: message forms, signatures, proofs. Pure; used by zone, bank, witness and any auditor."""
