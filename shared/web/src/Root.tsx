import { Button, MantineProvider, Stack, Text, Title } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { Component, type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { theme } from "./theme";

const queries = new QueryClient({
  defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: true, staleTime: 1000, networkMode: "always" } },
});

class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <Stack align="center" justify="center" mih="100vh" gap="md" role="alert">
        <Title order={1}>This page has stopped</Title>
        <Text>Nothing was lost. Load it again to go on.</Text>
        <Button size="lg" onClick={() => location.reload()}>
          Load again
        </Button>
      </Stack>
    );
  }
}

/** Puts a front end on the page with theme, queries and a way out of a crash. */
export function start(page: ReactNode): void {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
  setNonce(nonce);
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no #root");
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} getStyleNonce={() => nonce} forceColorScheme="light">
        <QueryClientProvider client={queries}>
          <Boundary>{page}</Boundary>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
