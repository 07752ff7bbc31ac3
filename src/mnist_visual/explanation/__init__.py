"""Why a network says what it says: its units, its evidence, its pixels, its nearest mistake."""
