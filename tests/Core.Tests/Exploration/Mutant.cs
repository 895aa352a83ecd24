namespace VmBus.Core.Tests.Exploration;

/// <summary>A scenario with one thing broken.</summary>
/// <param name="Name">What is broken.</param>
/// <param name="Scenario">The scenario in which that shows.</param>
/// <param name="Mildest">
/// The model nearest to the program's order in which it shows; every weaker one allows the same schedule. One that shows
/// nowhere is no mutant.
/// </param>
internal sealed record Mutant(string Name, Scenario Scenario, MemoryModel Mildest);
