// Lock-free code small enough to write down as its accesses, explored over every interleaving under three memory models. A
// sleeper and a waker: the sleeper says that it sleeps and looks once more; the waker brings work and looks for a sleeper. Each
// writes one cell and reads the other, so both need a full fence between the two; without it the wake-up is lost.
// Run it with: dotnet run -c Release --project samples/Interleavings

using VmBus.Testing;

foreach (bool isFenced in new[] { false, true })
{
    var scenario = new InterleavingScenario();
    int work = scenario.AddCell("work"), sleeping = scenario.AddCell("sleeping"), wake = scenario.AddCell("wake");
    scenario.AddThread("sleeper", memory =>
    {
        memory.Store(sleeping, 1);
        if (isFenced)
            memory.Fence();
        if (memory.Acquire(work) == 0)
            memory.Take(wake);
    });
    scenario.AddThread("waker", memory =>
    {
        memory.Store(work, 1);
        if (isFenced)
            memory.Fence();
        if (memory.Acquire(sleeping) == 1)
            memory.Or(wake, 1);
    });
    foreach (MemoryModel model in Enum.GetValues<MemoryModel>())
        Console.WriteLine($"{(isFenced ? "fenced" : "not fenced")}, {model}: {scenario.Explore(model)}");
}
