"""What an answer rests on: letters and the other bases, signers and their evidence, permits."""
