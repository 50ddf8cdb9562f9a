"""authz: who may do what, the passes and mandates that say so, and the record of each refusal and change."""
