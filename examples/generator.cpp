/* A tree, walked by a range-for: the walk is the plain recursion, and the loop may leave it half done. */
#include <aco.hpp>

#include <iostream>
#include <memory>
#include <string>

struct Tree {
    std::string name;
    std::unique_ptr<Tree> left, right;

    void insert(const std::string &other) {
        std::unique_ptr<Tree> &side = other < name ? left : right;
        if (side == nullptr) {
            side = std::make_unique<Tree>(Tree{other, nullptr, nullptr});
        } else {
            side->insert(other);
        }
    }
};

using Names = aco::generator<const std::string &>;

static void walk(const Tree *tree, aco::yielder<const std::string &> yield) {
    if (tree == nullptr) return;
    walk(tree->left.get(), yield);
    yield(tree->name);
    walk(tree->right.get(), yield);
}

static Names in_order(const Tree &tree) {
    return Names([&](auto yield) {
        struct Visit {
            Visit() { std::cout << "(the walk begins)\n"; }
            ~Visit() { std::cout << "(the walk is over)\n"; }
        } visit;
        walk(&tree, yield);
    });
}

int main() {
    Tree tree{"maple", nullptr, nullptr};
    for (const char *name : {"cedar", "spruce", "alder", "elm", "oak", "yew"}) tree.insert(name);

    for (const std::string &name : in_order(tree)) std::cout << name << '\n';

    std::cout << "up to the first with an o:\n";
    for (const std::string &name : in_order(tree)) {
        std::cout << name << '\n';
        if (name.find('o') != std::string::npos) break;
    }
    return 0;
}
/* Prints:
 * (the walk begins)
 * alder
 * cedar
 * elm
 * maple
 * oak
 * spruce
 * yew
 * (the walk is over)
 * up to the first with an o:
 * (the walk begins)
 * alder
 * cedar
 * elm
 * maple
 * oak
 * (the walk is over)
 */
