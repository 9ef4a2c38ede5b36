print("a pack holds no program")
