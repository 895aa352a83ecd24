using VmBus.Testing;

namespace VmBus.Core.Tests.Exploration;

/// <summary>A scenario with one thing broken.</summary>
/// <param name="Name">What is broken.</param>
/// <param name="Scenarios">The scenario in which that shows: first with as few packets as may do, then with more.</param>
/// <param name="Mildest">The model nearest to the program's order in which it shows; it shows in every weaker one, too.</param>
internal sealed record Mutant(string Name, IReadOnlyList<Scenario> Scenarios, MemoryModel Mildest);
